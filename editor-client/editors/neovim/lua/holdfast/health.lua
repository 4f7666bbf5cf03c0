-- `:checkhealth holdfast`
local M = {}

function M.check()
  local health = vim.health or require('health')
  -- The names before Neovim 0.10.
  local start = health.start or health.report_start
  local ok, err = health.ok or health.report_ok, health.error or health.report_error
  local info = health.info or health.report_info
  start('holdfast')
  local holdfast = require('holdfast')
  local client = holdfast.client()
  local command = (client and client.config.cmd or holdfast.config().cmd)[1]
  if vim.fn.executable(command) == 1 then
    ok(('the server is `%s`'):format(vim.fn.exepath(command)))
  else
    err(('`%s` is not on the search path; pass its place to setup as `cmd`'):format(command))
  end
  if client then
    ok('the server runs; `:Holdfast doctor` examines it')
  else
    info('the server does not run; it starts with the first file that is opened')
  end
end

return M
