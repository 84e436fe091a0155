/*
 * Loaded before anything else (node -r), in syntax that a Node of ten years ago reads: says that this
 * one is too old where modern code would only be a syntax error to it.
 */
'use strict';

var readFileSync = require('fs').readFileSync;
var join = require('path').join;

var wanted = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')).engines.node;
var least = wanted.replace('>=', '').split('.').map(Number);
var have = process.versions.node.split('.').map(Number);

var missing = 0;
for (var i = 0; i < least.length && missing === 0; i += 1) missing = least[i] - have[i];

if (missing > 0) {
  process.stderr.write(
    'error: Node ' +
      process.versions.node +
      ' is too old: timeplane needs ' +
      wanted +
      '\n  where: ' +
      process.execPath +
      '\n  do: install a current Node (https://nodejs.org), then run the same command again\n',
  );
  process.exit(1);
}
