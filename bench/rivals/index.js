/** The named library's printer; only that library is loaded. */
export async function openRival(name, fonts) {
  const { open } = await import(`./${name}.js`);
  return open(fonts);
}
