/** Finds names by the letters that a person types of them, the best first. */

/** At most `limit` of the names that have all letters of `word` in their order. */
export function ranked(names: readonly string[], word: string, limit: number): readonly string[] {
  return names
    .map((name, at) => ({ name, at, score: score(name.toLowerCase(), word.toLowerCase()) }))
    .filter(({ score: each }) => each > 0)
    .sort((one, other) => other.score - one.score || one.at - other.at)
    .slice(0, Math.max(0, limit))
    .map(({ name }) => name);
}

/** 0: letters are missing; a beginning of the last part counts more than a place anywhere. */
function score(name: string, word: string): number {
  const last = name.split("/").at(-1) ?? name;
  if (last.startsWith(word)) {
    return last === word ? 5 : 4;
  }
  if (last.includes(word)) {
    return 3;
  }
  return name.includes(word) ? 2 : isWithin(name, word) ? 1 : 0;
}

function isWithin(name: string, word: string): boolean {
  let at = 0;
  for (const letter of word) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) {
      return false;
    }
  }
  return true;
}
