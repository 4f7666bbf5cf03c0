-- Typing and edits beside characters that count differently in each encoding.
-- The assertions are in test_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  local buffer = vim.api.nvim_get_current_buf()
  it.start()
  local line = vim.api.nvim_buf_get_lines(buffer, 0, 1, false)[1]
  local column = line:find('漢', 1, true) - 1
  vim.api.nvim_buf_set_text(buffer, 0, column, 0, column, { '🧭' })
  it.command('run.start', { prompt = 'Edit.' })
  it.wait('the end', function() return it.said('All edited.') end)
  it.seen.text = it.text(buffer)
end)
