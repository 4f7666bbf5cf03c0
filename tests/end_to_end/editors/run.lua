-- A run from a code action with permission and a stop, as a person would do it.
-- The assertions are in test_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')
local seen = it.seen
seen.progress = {}

it.play(function()
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].filetype = 'python'
  local stock = vim.lsp.handlers['$/progress']
  it.start({
    ['$/progress'] = function(err, result, context, more)
      table.insert(seen.progress, result.value.kind .. ': ' .. (result.value.message or ''))
      return stock(err, result, context, more)
    end,
  })
  local function ended(count)
    local number = 0
    for _, line in ipairs(seen.progress) do
      if line:find('^end') then number = number + 1 end
    end
    return number >= count
  end

  -- A person has typed something that is not saved.
  vim.api.nvim_buf_set_lines(buffer, 0, 0, false, { '# typed 🙂 and not saved' })

  -- A run from a code action on a selection, as a person would take it.
  local last = vim.api.nvim_buf_line_count(buffer)
  it.wanted = 'Work on this'
  if vim.fn.has('nvim-0.8') == 1 then
    vim.lsp.buf.code_action({ range = { start = { 1, 0 }, ['end'] = { last, 0 } } })
  else
    vim.lsp.buf.range_code_action(nil, { 1, 0 }, { last, 0 })
  end
  it.wait('the action', function() return #seen.asked > 0 end)
  it.approve()
  it.wait('the edit in the buffer', function()
    return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n'):find('fixed = True', 1, true)
  end)
  it.wait('the end of the run', function() return ended(1) end)
  seen.lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  seen.modified = vim.bo[buffer].modified

  -- A second run, stopped by a command.
  seen.started = it.command('run.start', { prompt = 'Sleep.' })
  it.approve()
  it.wait('the command that sleeps', function()
    return vim.fn.filereadable('sleeping') == 1
  end)
  local before = vim.loop.hrtime()
  seen.stopped = it.command('run.stop')
  it.wait('the stop', function() return ended(2) end)
  seen.stop_seconds = (vim.loop.hrtime() - before) / 1e9
  seen.status = it.command('status')
end)
