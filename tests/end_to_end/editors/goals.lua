-- Goals from the first diagnostic to met. The assertions are in test_goal_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')
local seen = it.seen
seen.shown = {}

local function diagnostics(buffer)
  local found = {}
  for _, each in ipairs(vim.diagnostic.get(buffer)) do
    local line = vim.api.nvim_buf_get_lines(buffer, each.lnum, each.lnum + 1, false)[1]
    table.insert(found, { code = each.code, line = each.lnum, text = line:sub(each.col + 1, each.end_col), message = each.message })
  end
  table.sort(found, function(a, b) return a.line < b.line end)
  return found
end

it.play(function()
  local goals = vim.api.nvim_get_current_buf()
  it.start()
  local function code_at(line)
    for _, each in ipairs(diagnostics(goals)) do
      if each.line == line then return each.code end
    end
  end
  local function text() return it.text(goals) end
  local function act(line, title)
    vim.api.nvim_win_set_cursor(0, { line + 1, 0 })
    it.act(title)
    it.wait(title, function()
      return #seen.asked > 0 and seen.asked[#seen.asked]:find(title, 1, true) ~= nil
    end)
  end

  it.wait('diagnostics', function() return #diagnostics(goals) >= 3 end)
  seen.first = diagnostics(goals)

  -- Check now, on the line of the diagnostic, and it is met.
  act(3, 'Check now')
  it.approve()
  it.wait('met', function() return code_at(3) == nil end)
  it.wait('the tick', function() return text():find('- [x] 🙂🙂 the file', 1, true) end)
  seen.checked = text()

  -- Another file is saved, and it is stale.
  vim.cmd('silent write')
  for _, name in ipairs({ 'a.py', 'a.ts' }) do
    vim.cmd('silent edit ' .. name)
    local buffer = vim.api.nvim_get_current_buf()
    it.wait('the comment in ' .. name, function() return #diagnostics(buffer) == 1 end)
    seen.shown[name] = diagnostics(buffer)[1]
    if name == 'a.py' then
      vim.api.nvim_buf_set_lines(buffer, -1, -1, false, { 'y = 1' })
      vim.cmd('silent write')
      it.wait('stale', function() return code_at(3) == 'goal-stale' end)
    end
  end
  vim.cmd('silent buffer ' .. goals)

  -- Work on the other goal from a code action until it is met.
  act(8, 'Work on this goal:') -- one line further down, below the evidence
  it.approve()
  it.wait('the end', function() return code_at(9) == nil and text():find('- [x] it is written', 1, true) end)
  seen.worked = text()
  seen.status = it.command('status')
  vim.cmd('silent! wall')
  it.wait('the statusline', function() return it.holdfast.status():find('^%d/4 goals$') end)
  seen.statusline = it.holdfast.status()
end)
