-- A workflow is trusted and run, and its tree is shown while it works.
-- The assertions are in test_workflow_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  it.start()
  vim.notify = function(message) table.insert(it.seen.messages, message) end
  vim.cmd('Holdfast workflow')
  it.wait('the list', function() return it.said('release (new, 4 nodes)') end)
  it.command('trust', { what = 'all', answer = 'yes' })
  vim.cmd('Holdfast workflow release')
  it.wait('the one in the middle', function() return vim.fn.filereadable('waits.log') == 1 end)
  vim.cmd('Holdfast workflow')
  it.wait('the tree', function() return it.said('at work: Make the client retry') end)
  it.seen.tree = it.said('at work: Make the client retry')
  vim.fn.writefile({}, 'go')
  it.wait('the end', function() return it.said('4 of 4 nodes done') end)
end)
