import { readFileSync } from "node:fs";

const WORD = /[\p{L}\p{M}\p{N}]+(?:['\u2019][\p{L}\p{M}\p{N}]+)*/gu;

class WrongCall extends Error {}

function read(values) {
  const options = { top: null, ignoreCase: false, minLength: 1, names: [] };
  const rest = [...values];
  const number = (name, value) => {
    if (value === undefined || !/^[0-9]+$/.test(value) || Number(value) < 1)
      throw new WrongCall(`${name} needs a whole number of at least 1`);
    return Number(value);
  };
  while (rest.length) {
    const value = rest.shift();
    if (value === "--") {
      options.names.push(...rest);
      break;
    }
    const [name, given] = value.startsWith("--") ? value.split(/=(.*)/s) : [value];
    if (name === "--top") options.top = number(name, given ?? rest.shift());
    else if (name === "--min-length") options.minLength = number(name, given ?? rest.shift());
    else if ((name === "--ignore-case" || name === "-i") && given === undefined) options.ignoreCase = true;
    else if (value.startsWith("-") && value !== "-") throw new WrongCall(`unknown option ${value}`);
    else options.names.push(value);
  }
  return options;
}

function words(text, options) {
  const found = text.match(WORD) ?? [];
  const long = found.filter((word) => [...word].length >= options.minLength);
  return options.ignoreCase ? long.map((word) => word.toLowerCase()) : long;
}

function main(values) {
  const options = read(values);
  const names = options.names.length ? options.names : ["-"];
  const counts = new Map();
  const lines = [];
  let total = 0;
  let status = 0;
  let isInputRead = false;
  for (const name of names) {
    let text;
    try {
      text = name !== "-" ? readFileSync(name, "utf8") : isInputRead ? "" : readFileSync(0, "utf8");
    } catch (error) {
      console.error(`count: ${name}: ${error.code ?? error.message}`);
      status = 1;
      continue;
    }
    isInputRead ||= name === "-";
    const found = words(text, options);
    for (const word of found) counts.set(word, (counts.get(word) ?? 0) + 1);
    total += found.length;
    lines.push(`${found.length}\t${name}`);
  }
  if (options.top !== null) {
    const order = ([a, m], [b, n]) => n - m || (a < b ? -1 : a > b ? 1 : 0);
    for (const [word, count] of [...counts].sort(order).slice(0, options.top))
      console.log(`${count}\t${word}`);
    return status;
  }
  for (const line of lines) console.log(line);
  if (names.length > 1) console.log(`${total}\ttotal`);
  return status;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof WrongCall)) throw error;
  console.error(`count: ${error.message}`);
  process.exitCode = 2;
}
