-- What the memory finds becomes the quickfix list. The assertions are in test_memory_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  it.start()
  it.wait('the index', function() return #(it.command('memory.search', { query = 'boiler' }).hits or {}) > 0 end)
  it.command('memory.remember', { text = 'The boiler is old.' })
  vim.cmd('Holdfast search boiler')
  it.wait('the list', function() return #vim.fn.getqflist() > 0 end)
  it.seen.found = vim.tbl_map(function(each)
    if each.bufnr == 0 then return each.text end
    return ('%s:%d: %s'):format(vim.fn.fnamemodify(vim.fn.bufname(each.bufnr), ':t'), each.lnum, each.text)
  end, vim.fn.getqflist())
end)
