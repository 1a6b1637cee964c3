'use strict';
// What a program with node-postgres does: queries with parameters, transactions, errors by code.
// Licence: MIT, see LICENSE.
const assert = require('assert');
const { Client } = require('pg');
const { check, main } = require('../lib/check.js');

const e = process.env;
const open = async () => {
  const client = new Client({ host: e.PGHOST, port: +e.PGPORT, user: e.PGUSER, password: e.PGPASSWORD, database: e.PGDATABASE });
  await client.connect();
  return client;
};
const table = 'CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL)';
const fresh = async () => { const c = await open(); await c.query('DROP TABLE IF EXISTS products'); await c.query(table); return c; };
const plain = (rows) => rows.map((r) => ({ ...r }));
const insert = 'INSERT INTO products (id, name, price) VALUES ($1, $2, $3)';

check('create_if_not_exists_twice', async () => { const c = await fresh(); await c.query(table); await c.end(); });

check('commit', async () => {
  const c = await fresh();
  await c.query('BEGIN');
  const r = await c.query(insert, [1, 'Widget', 9.99]);
  assert.deepStrictEqual([r.command, r.rowCount], ['INSERT', 1]);
  await c.query('COMMIT');
  const res = await c.query('SELECT * FROM products');
  assert.deepStrictEqual(plain(res.rows), [{ id: 1, name: 'Widget', price: 9.99 }]);
  assert.deepStrictEqual(res.fields.map((f) => [f.name, f.dataTypeID]), [['id', 23], ['name', 25], ['price', 700]]);
  await c.end();
});

check('rollback', async () => {
  const c = await fresh();
  await c.query('BEGIN');
  await c.query(insert, [1, 'Widget', 9.99]);
  await c.query('ROLLBACK');
  assert.strictEqual((await c.query('SELECT * FROM products')).rowCount, 0);
});

check('failed_insert_then_rollback', async () => {
  const c = await fresh();
  await c.query(insert, [1, 'Widget', 1]);
  await c.query('BEGIN');
  await assert.rejects(c.query(insert, [1, 'Again', 2]), { code: '23505', constraint: 'products_pkey' });
  await assert.rejects(c.query('SELECT 1'), { code: '25P02' });
  await c.query('ROLLBACK');
  await assert.rejects(c.query(insert, [2, null, 2]), { code: '23502', column: 'name' });
  assert.strictEqual((await c.query('SELECT count(*) AS n FROM products')).rows[0].n, '1');
});

check('nulls_and_filters', async () => {
  const c = await fresh();
  await c.query(insert, [1, 'a', null]);
  await c.query(insert, [2, 'b', 2.5]);
  assert.deepStrictEqual(plain((await c.query('SELECT name FROM products WHERE price > $1 OR price IS NULL ORDER BY id', [1])).rows), [{ name: 'a' }, { name: 'b' }]);
  assert.strictEqual((await c.query('UPDATE products SET price = price * 2 WHERE id = $1', [2])).rowCount, 1);
  assert.strictEqual((await c.query('DELETE FROM products')).rowCount, 2);
});

check('missing_table', async () => { await assert.rejects((await open()).query('SELECT * FROM no_such_products'), { code: '42P01' }); });

main();
