-- Propose, read the comparison, accept the second candidate from a code action, undo.
-- The assertions are in test_max_mode_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')
local seen = it.seen
it.wanted = 'Accept 2'

it.play(function()
  local buffer = vim.api.nvim_get_current_buf()
  it.start()
  local function page()
    for _, each in ipairs(vim.api.nvim_list_bufs()) do
      if vim.api.nvim_buf_get_name(each):find('proposals.md', 1, true) then return each end
    end
  end

  local notify = vim.notify
  vim.notify = function(text) seen.refused = text end
  vim.cmd('Holdfast accept abc')
  vim.notify = notify
  it.command('status')
  local proposal = it.command('max.propose', { prompt = 'Make it new.', uri = vim.uri_from_bufnr(buffer), samples = 3 })
  seen.state = proposal.state
  -- Where the editor cannot be told to open a document, a message names it.
  it.wait('the comparison', function() return page() or it.said('proposals.md') end)
  local shown = page()
  local message = it.said('proposals.md')
  local path = shown and vim.api.nvim_buf_get_name(shown) or vim.uri_to_fname(message:match('file://%S+'))
  seen.comparison = table.concat(vim.fn.readfile(path), '\n')
  seen.before = it.text(buffer)

  vim.cmd('buffer ' .. buffer)
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  vim.lsp.buf.code_action()
  it.wait('the edit', function() return it.text(buffer):find('the new 1 text', 1, true) end)
  seen.accepted = it.text(buffer)
  it.wait('the end', function() return it.said('edited a.txt') end)
  vim.cmd('silent write')
  vim.cmd('Holdfast undo')
  it.wait('the undo', function() return it.text(buffer) == seen.before end)
  seen.undone = it.text(buffer)
  vim.cmd('silent write')
end)
