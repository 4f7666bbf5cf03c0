export function badge(cart) {
  const shown = { text: "" };
  cart.on("change", (state) => {
    shown.text = `${state.count} for ${state.total}`;
  });
  return shown;
}
