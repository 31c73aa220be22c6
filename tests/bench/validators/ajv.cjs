// SPDX-License-Identifier: Apache-2.0
// Times ajv on the cases of a folder: CASE, ns of JSON.parse and validate, ns of validate alone.
// Best of ROUNDS, as bench_schema does it.
const fs = require("fs");
const path = require("path");
const Ajv2020 = require("ajv/dist/2020").default;

const folder = process.argv[2];
const ROUNDS = 31;

function best(bytes, work) {
  const repeat = Math.max(1, Math.min(20000, Math.floor(4000000 / bytes)));
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < repeat; i++) work();
    least = Math.min(least, Number(process.hrtime.bigint() - began) / repeat);
  }
  return Math.round(least);
}

for (const file of fs.readdirSync(folder).filter((name) => name.endsWith(".schema.json")).sort()) {
  const name = file.slice(0, -".schema.json".length);
  const schema = JSON.parse(fs.readFileSync(path.join(folder, file), "utf8"));
  const text = fs.readFileSync(path.join(folder, `${name}.event.json`), "utf8");
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  const parsed = JSON.parse(text);
  if (!validate(parsed)) throw new Error(`${name} does not fit its schema`);
  const total = best(text.length, () => validate(JSON.parse(text)));
  const alone = best(text.length, () => validate(parsed));
  console.log(`${name}\t${total}\t${alone}`);
}
