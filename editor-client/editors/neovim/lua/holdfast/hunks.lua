-- A page of what a run changed: its files, below each its hunks with their lines, and keys that answer.
local client = require('holdfast.client')
local M = {}

local NAME = 'holdfast://hunks'
local STATES = { open = '', kept = ', kept', undone = ', taken back', partly = ', in part' }
local HELP = 'U takes back, K keeps or gives back: a hunk, a file, here all. <CR> goes there, q closes'

local page -- the buffer
local server, run -- which run of which client is shown
local parts = {} -- what each line is about: a file and perhaps a hunk; nil for all of it

local function file_line(file)
  local from = file.fromPath and file.fromPath ~= vim.NIL and (' from ' .. file.fromPath) or ''
  local size = file.binary and 'binary' or ('+%d -%d'):format(file.additions, file.deletions)
  local name = file.path:gsub('%c', '?')
  return ('+++ %s  %s%s  %s%s'):format(name, file.status, from, size, STATES[file.state])
end

-- The lines of a reply, and what each is about.
local function rendered(reply)
  local lines, about = { HELP, vim.split(reply.message, '\n')[1] }, {}
  local function add(text, part)
    table.insert(lines, text)
    about[#lines] = part
  end
  for _, file in ipairs(reply.files or {}) do
    add(file_line(file), { path = file.path, uri = file.uri, line = 1 })
    for _, hunk in ipairs(file.hunks) do
      local line = hunk.after.start.line + 1
      local part = { path = file.path, uri = file.uri, line = line, hunk = hunk.id }
      local edited = hunk.edited and ', edited since' or ''
      add(('@@ line %d%s%s @@'):format(line, STATES[hunk.state], edited), part)
      for _, text in ipairs(vim.split(hunk.diff or '', '\n')) do
        if text ~= '' then add(text, part) end
      end
    end
  end
  return lines, about
end

local function fill(reply)
  if not page or not vim.api.nvim_buf_is_valid(page) then return end
  run = reply.runId
  local lines, about = rendered(reply)
  parts = about
  vim.bo[page].modifiable = true
  vim.api.nvim_buf_set_lines(page, 0, -1, false, lines)
  vim.bo[page].modifiable, vim.bo[page].modified = false, false
end

local function look()
  client.command_of(server, 'run.changes', { runId = run, diffs = true }, function(reply)
    if reply.state == 'error' then return client.notify(reply.message, vim.log.levels.WARN) end
    fill(reply)
  end)
end

local function here() return parts[vim.api.nvim_win_get_cursor(0)[1]] end

-- Sends `name` about what the cursor is on.
local function answer(name)
  return function()
    local part = here() or {}
    local argument = { runId = run, path = part.path, hunk = part.hunk }
    client.command_of(server, name, argument, function(reply)
      client.notify(reply.message)
      vim.cmd('checktime')
      look()
    end)
  end
end

local function visit()
  local part = here()
  if not part then return end
  local file = vim.uri_to_fname(part.uri)
  if not vim.loop.fs_stat(file) then
    return client.notify(part.path .. ' is not there any more', vim.log.levels.WARN)
  end
  vim.cmd('wincmd p')
  if vim.api.nvim_get_current_buf() == page then vim.cmd('aboveleft split') end
  local buffer = vim.fn.bufadd(file)
  vim.bo[buffer].buflisted = true
  vim.api.nvim_win_set_buf(0, buffer)
  local last = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_win_set_cursor(0, { math.min(part.line, last), 0 })
end

local function create()
  page = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(page, NAME)
  vim.bo[page].filetype, vim.bo[page].bufhidden = 'diff', 'wipe'
  vim.bo[page].modifiable = false
  local keys = {
    U = answer('run.undo'),
    K = answer('run.keep'),
    ['<CR>'] = visit,
    q = '<Cmd>close<CR>',
    [']c'] = "<Cmd>call search('^@@', 'W')<CR>",
    ['[c'] = "<Cmd>call search('^@@', 'bW')<CR>",
  }
  for key, action in pairs(keys) do
    vim.keymap.set('n', key, action, { buffer = page, silent = true, nowait = true })
  end
end

-- Opens the page about a run, by default the newest.
function M.open(wanted)
  local current = client.ready()
  if not current then return end
  server, run = current.id, wanted ~= '' and wanted or nil
  if not page or not vim.api.nvim_buf_is_valid(page) then create() end
  local windows = vim.fn.win_findbuf(page)
  if #windows > 0 then
    vim.api.nvim_set_current_win(windows[1])
  else
    vim.cmd('botright split')
    vim.api.nvim_win_set_buf(0, page)
  end
  look()
end

return M
