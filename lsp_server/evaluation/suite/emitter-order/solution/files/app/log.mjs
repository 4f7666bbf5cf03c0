export function log(cart) {
  const entries = [];
  cart.on("change", (state) => entries.push({ ...state }));
  return entries;
}
