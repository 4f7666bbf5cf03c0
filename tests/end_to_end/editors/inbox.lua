-- Past runs are learned from, and suggestions are accepted and rejected by code actions on their
-- headings; a rejection is taken back, as it was a mistake.
-- The assertions are in test_evolution_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  it.start()
  vim.cmd('Holdfast dream')
  it.wait('the end of the dream', function() return it.said('past runs gave') end, 60000)
  vim.cmd('edit! .holdfast/inbox.md')
  it.wait('the server to know the inbox', function() return vim.lsp.buf_is_attached(0, it.client.id) end)
  local function answer(title)
    local line = vim.fn.search('^### Keep', 'w')
    local heading = vim.fn.getline(line)
    vim.api.nvim_win_set_cursor(0, { line, 0 })
    it.act(title)
    it.wait('the section to go', function() return vim.fn.search(heading, 'nw') == 0 end, 60000)
    return heading
  end
  it.seen.accepted = answer('Holdfast: Accept')
  it.seen.rejected = answer('Holdfast: Reject')
  it.seen.mistaken = answer('Holdfast: Reject')
  vim.cmd('Holdfast inbox restore')
  it.wait('the section to come back', function()
    return vim.fn.search(it.seen.mistaken, 'nw') ~= 0
  end, 60000)
end)
