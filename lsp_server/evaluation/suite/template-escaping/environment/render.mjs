export function render(template, values) {
  return template.replace(/\{\{(.*?)\}\}/g, (_, name) => values[name.trim()] ?? "");
}
