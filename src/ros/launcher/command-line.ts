/**
 * Splits a command line into words as a POSIX shell does: at white space, with quotes and backslashes, without any
 * expansion.
 * @throws Error for a quote that is not closed
 */
export function splitCommandLine(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string;
    if (quote !== '') {
      if (character === quote) quote = '';
      else if (character === '\\' && quote === '"' && /["\\$`]/.test(text[i + 1] ?? '')) word += text[++i] as string;
      else word += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= '';
    } else if (character === '\\' && i + 1 < text.length) {
      word = (word ?? '') + text[++i];
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + character;
    }
  }
  if (quote !== '') throw new Error(`'${text}' has no closing ${quote}`);
  if (word !== undefined) words.push(word);
  return words;
}
