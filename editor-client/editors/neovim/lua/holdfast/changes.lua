-- What the newest run changed: a list of its hunks, a file as it was, and an answer to one hunk.
local client = require('holdfast.client')
local M = {}

local STATES = { open = '', kept = ', kept', undone = ', taken back', partly = ', in part' }

-- Fills the quickfix list with the hunks, or the whole file where it has none.
function M.list()
  client.command('run.changes', nil, function(reply)
    local items = {}
    for _, file in ipairs(reply.files or {}) do
      local numbers = ('+%d -%d'):format(file.additions, file.deletions)
      local places = #file.hunks > 0 and file.hunks or { { state = file.state } }
      for _, hunk in ipairs(places) do
        table.insert(items, {
          filename = vim.uri_to_fname(file.uri),
          lnum = hunk.after and hunk.after.start.line + 1 or 1,
          text = ('%s %s%s'):format(file.status, numbers, STATES[hunk.state]),
        })
      end
    end
    if #items == 0 then return client.notify(reply.message) end
    vim.fn.setqflist({}, ' ', { title = 'Holdfast: changes of a run', items = items })
    vim.cmd('copen')
  end)
end

-- Calls `done` with what the run changed in the file of the current buffer.
local function of_buffer(done)
  local uri = vim.uri_from_bufnr(0)
  client.command('run.changes', { path = uri }, function(reply)
    local file = (reply.files or {})[1]
    if file then done(file, reply.runId) end
  end)
end

-- Opens the current file beside what taking back all of it would leave.
function M.diff()
  local filetype = vim.bo.filetype
  of_buffer(function(file)
    vim.cmd('diffthis')
    vim.cmd('leftabove vnew')
    local lines = vim.split(file.text or '', '\r?\n')
    if lines[#lines] == '' then table.remove(lines) end
    vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
    vim.bo.buftype, vim.bo.bufhidden, vim.bo.swapfile = 'nofile', 'wipe', false
    vim.bo.filetype, vim.bo.modifiable = filetype, false
    vim.cmd('diffthis')
    vim.cmd('wincmd p')
  end)
end

-- Sends `name` about the hunk at the cursor.
local function answer(name)
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  of_buffer(function(file, run)
    for _, hunk in ipairs(file.hunks) do
      local first, behind = hunk.after.start.line, hunk.after['end'].line
      if first <= line and line < math.max(behind, first + 1) then
        return client.command(name, { runId = run, path = file.path, hunk = hunk.id })
      end
    end
    client.notify('the run changed nothing in this line')
  end)
end

function M.undo_hunk() answer('run.undo') end
function M.keep_hunk() answer('run.keep') end

return M
