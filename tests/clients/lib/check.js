'use strict';
// Runs what check() was given, in order, each in a process of its own with a time limit.
// Licence: MIT, see LICENSE.
const { spawn } = require('child_process');
const checks = [];

const check = (name, fn, timeout = 120) => checks.push({ name, fn, timeout });

function one(name) {
  const die = (e) => {
    const text = String((e && (e.stack || e.message)) || e).replace(/\n\s+at [^\n]*node_modules[^\n]*/g, '');
    const at = /\((?:[^()]*\/)?(driver\.js:\d+)/.exec(text) || [];
    const code = e && e.code ? ` [${e.code}]` : '';
    process.stderr.write(`${String((e && e.message) || e).split(/\s+/).join(' ').slice(0, 300)}${code} (${at[1] || '?'})`);
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
  const c = checks.find((x) => x.name === name);
  Promise.resolve().then(c.fn).then(() => process.exit(0), die);
}

function launch(c) {
  return new Promise((resolve) => {
    const p = spawn(process.execPath, ['--no-warnings', process.argv[1], '--one', c.name], { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '', late = false;
    p.stderr.on('data', (d) => { err += d; });
    const timer = setTimeout(() => { late = true; p.kill('SIGKILL'); }, c.timeout * 1000);
    p.on('close', (code) => {
      clearTimeout(timer);
      resolve(late ? `timeout after ${c.timeout}s` : code === 0 ? null : err.trim().split('\n').pop() || `exit ${code}`);
    });
  });
}

async function main() {
  if (process.argv[2] === '--one') return one(process.argv[3]);
  const wanted = process.argv.slice(2);
  const todo = checks.filter((c) => !wanted.length || wanted.includes(c.name));
  console.log(`1..${todo.length}`);
  let bad = 0;
  for (const c of todo) {
    const why = await launch(c);
    if (why !== null) bad++;
    console.log(why === null ? `ok ${c.name}` : `not ok ${c.name}: ${why}`);
  }
  console.log(`${todo.length - bad} passed, ${bad} failed`);
  process.exitCode = bad ? 1 : 0;
}

module.exports = { check, main };
