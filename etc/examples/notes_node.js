#!/usr/bin/env node
// node-postgres: create a table, insert in a transaction, select.
//	node notes_node.js [postgresql://postgres:postgres@127.0.0.1:5432/myapp]
// Without an argument the connection is that of PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
// npm install pg
'use strict';
const { Client } = require('pg');

async function main() {
  const client = new Client(process.argv[2] ? { connectionString: process.argv[2] } : {});
  await client.connect();
  await client.query('CREATE TABLE IF NOT EXISTS notes_js (id integer PRIMARY KEY, title text NOT NULL, done boolean)');

  await client.query('BEGIN');
  try {
    await client.query('DELETE FROM notes_js');
    const insert = 'INSERT INTO notes_js (id, title, done) VALUES ($1, $2, $3)';
    await client.query(insert, [1, 'write to the bucket', true]);
    await client.query(insert, [2, 'read it on another machine', false]);
    await client.query('COMMIT'); // durable in the object store when this returns
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }

  const { rows } = await client.query('SELECT title, done FROM notes_js WHERE id <= $1 ORDER BY id', [10]);
  for (const row of rows) console.log(`${row.title} - ${row.done ? 'done' : 'to do'}`);
  await client.end();
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
