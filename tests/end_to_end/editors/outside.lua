-- Commands from a file outside of the workspace, from a transcript, and from a buffer without a file.
-- The assertions are in test_chat.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')
local seen = it.seen
seen.notices = {}

it.play(function()
  it.start()
  vim.notify = function(text) table.insert(seen.notices, text) end
  local function works(times)
    it.wait('the run of each', function()
      local found = vim.tbl_filter(function(message) return message:find('Looked.', 1, true) end, seen.messages)
      return #found >= times
    end)
  end
  vim.cmd('edit ' .. vim.env.OUTSIDE)
  vim.cmd('Holdfast work Look.')
  works(1)
  vim.cmd('Holdfast show')
  -- The server shows the page, and its reply locks it; either may come first.
  it.wait('the transcript, locked', function()
    return vim.api.nvim_buf_get_name(0):find('transcript', 1, true) and not vim.bo.modifiable
  end)
  seen.modifiable = vim.bo.modifiable
  vim.cmd('Holdfast work Look.')
  works(2)
  vim.cmd('enew')
  vim.cmd('Holdfast work Look.')
  works(3)
  seen.words = vim.fn.getcompletion('Holdfast ', 'cmdline')
  it.command('status')
end)
