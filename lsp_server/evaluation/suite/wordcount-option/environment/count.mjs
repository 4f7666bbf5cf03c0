import { readFileSync } from "node:fs";

const names = process.argv.slice(2);
let total = 0;
for (const name of names) {
  const count = readFileSync(name, "utf8").split(/\s+/).filter(Boolean).length;
  total += count;
  console.log(`${count}\t${name}`);
}
if (names.length > 1) console.log(`${total}\ttotal`);
