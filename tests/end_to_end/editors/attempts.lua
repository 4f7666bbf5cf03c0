-- Attempts and subagents, as a person begins them and sees them in the statusline.
-- The assertions are in test_children_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

local function line() return it.holdfast.status() end

it.play(function()
  it.start()
  local _, refused = pcall(vim.cmd, 'Holdfast attempts Renew it.')
  it.seen.refused = tostring(refused)
  vim.cmd('Holdfast attempts 2 Renew it.')
  it.wait('both attempts', function() return line():find('2 attempts', 1, true) end)
  it.seen.attempts = line()
  vim.cmd('Holdfast stop')
  it.wait('the end of the attempts', function() return not line():find('attempt', 1, true) end)
  it.seen.left = vim.tbl_filter(function(name) return name:sub(1, 1) ~= '.' end, vim.fn.readdir('.'))
  vim.cmd('Holdfast work Share it out.')
  it.wait('both subagents', function() return line():find('2 subagents', 1, true) end)
  it.seen.subagents = line()
  vim.cmd('Holdfast stop')
  it.wait('the end of the subagents', function() return not line():find('subagent', 1, true) end)
end)
