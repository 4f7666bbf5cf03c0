-- Neovim 0.11 and newer start the server themselves. The assertions are in test_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  vim.opt.runtimepath:append(vim.env.CLIENT .. '/editors/neovim')
  vim.lsp.config('holdfast', { cmd = vim.json.decode(vim.env.SERVER) })
  vim.lsp.enable('holdfast')
  vim.cmd('filetype on | edit') -- which `-u NONE` turns off
  it.attached()
  it.seen.root = it.client.config.root_dir
  it.seen.status = it.command('status')
end)
