-- Holdfast for Neovim 0.7 and newer: starts the server, `:Holdfast`, a statusline component.
--
--   require('holdfast').setup()
--   vim.o.statusline = '%f %m%=%{v:lua.require("holdfast").status()}'
--
-- Everything goes through the language server; nothing here thinks.
local client = require('holdfast.client')
local M = {}

M.config = client.config
M.client = client.current
M.command = client.command

local icons = { running = '…', waiting = '?', indexing = '…', error = '!', idle = '' }

-- For a statusline, as in `2/5 goals · step 14 · $0.03`; empty where there is nothing to say.
function M.status()
  local status = client.status()
  if not status or (status.line or '') == '' then return '' end
  return vim.trim((icons[status.state] or '') .. ' ' .. status.line)
end

-- Starts the server for every file that is opened, and adds `:Holdfast`.
function M.setup(changes)
  local config = client.config(changes)
  require('holdfast.commands').create()
  local group = vim.api.nvim_create_augroup('holdfast', {})
  vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile' }, {
    group = group,
    callback = function(event) client.attach(config, event.buf) end,
  })
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) then client.attach(config, buffer) end
  end
end

return M
