-- Skills are drafted from past runs, and one is accepted by a code action on its heading.
-- The assertions are in test_evolution_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  it.start()
  vim.cmd('Holdfast distill')
  it.wait('the end of the look', function() return it.said('past runs gave') end, 60000)
  vim.cmd('edit! .holdfast/inbox.md')
  it.wait('the server to know the inbox', function() return vim.lsp.buf_is_attached(0, it.client.id) end)
  local line = vim.fn.search('^### Skill', 'w')
  it.seen.heading = vim.fn.getline(line)
  vim.api.nvim_win_set_cursor(0, { line, 0 })
  it.act('Holdfast: Accept')
  it.wait('the section to go', function() return vim.fn.search(it.seen.heading, 'nw') == 0 end, 60000)
end)
