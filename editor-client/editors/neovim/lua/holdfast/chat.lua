-- A run as a conversation: what was said and done, following it, and below it room to write.
local client = require('holdfast.client')
local Conversation = require('holdfast.conversation')
local M = {}

local RENDER_MILLISECONDS = 50 -- how often what streams is shown
local MESSAGE_LINES = 5

local conversation -- the one that is shown
local run -- the id of its run, nil before the first message
local server -- the client that has it
local transcript, message -- buffers
local rendering = false

local function loaded(buffer) return buffer and vim.api.nvim_buf_is_valid(buffer) end

-- Windows of the transcript that are at its end stay there.
local function followers()
  local last = vim.api.nvim_buf_line_count(transcript)
  return vim.tbl_filter(function(window)
    return vim.api.nvim_win_get_cursor(window)[1] >= last
  end, vim.fn.win_findbuf(transcript))
end

local function render()
  rendering = false
  if not loaded(transcript) then return end
  local before, lines = conversation:render()
  if not before then return end
  local following = followers()
  vim.bo[transcript].modifiable = true
  vim.api.nvim_buf_set_lines(transcript, before, -1, false, lines)
  vim.bo[transcript].modifiable = false
  vim.bo[transcript].modified = false
  local last = vim.api.nvim_buf_line_count(transcript)
  for _, window in ipairs(following) do
    vim.api.nvim_win_set_cursor(window, { last, 0 })
    -- A fold that is made around the cursor is open.
    if window ~= vim.api.nvim_get_current_win() then
      vim.api.nvim_win_call(window, function() vim.cmd('normal! zX') end)
    end
  end
end

local function render_soon()
  if rendering then return end
  rendering = true
  vim.defer_fn(render, RENDER_MILLISECONDS)
end

-- The level of the fold of a line of the transcript.
function M.fold(line) return conversation and conversation:fold(line) or '0' end

function M.fold_text()
  local first = vim.fn.getline(vim.v.foldstart)
  local count = vim.v.foldend - vim.v.foldstart
  return ('%s  (%d line%s) '):format(first, count, count == 1 and '' or 's')
end

-- Takes an Event of a run of a client.
function M.take(id, notice)
  if not loaded(transcript) or notice.parentId then return end
  -- A run that begins elsewhere is followed where nothing else is going on here.
  if notice.event.kind == 'run_started' and run ~= notice.runId and not conversation.open then
    M.show(notice.runId, id)
  end
  if notice.runId ~= run then return end
  conversation:take(notice)
  render_soon()
end

local function read_on(after)
  local shown = run
  local argument = { runId = shown, after = after }
  client.command_of(server, 'run.events', argument, function(page)
    if shown ~= run then return end
    for _, notice in ipairs(page.events or {}) do
      if not notice.parentId then conversation:take(notice) end
    end
    render_soon()
    if page.hasMore then read_on(page.after) end
  end)
end

-- Shows a run from its beginning; nil for one that is yet to begin.
function M.show(id, of)
  conversation, run, server = Conversation.new(), id, of or server
  if loaded(transcript) then
    vim.bo[transcript].modifiable = true
    vim.api.nvim_buf_set_lines(transcript, 0, -1, false, {})
    vim.bo[transcript].modifiable = false
  end
  if run then read_on(-1) end
end

local function sent(lines)
  return function(reply)
    if reply.state == 'error' then
      -- What was written is not lost.
      if loaded(message) and M.text() == '' then
        vim.api.nvim_buf_set_lines(message, 0, -1, false, lines)
      end
      return client.notify(reply.message, vim.log.levels.ERROR)
    end
    if reply.runId and reply.runId ~= run then M.show(reply.runId) end
  end
end

function M.text()
  return vim.trim(table.concat(vim.api.nvim_buf_get_lines(message, 0, -1, false), '\n'))
end

-- Sends what is written: to the run, or as the task of a new one.
function M.send()
  local lines, text = vim.api.nvim_buf_get_lines(message, 0, -1, false), M.text()
  vim.bo[message].modified = false
  if text == '' then return end
  vim.api.nvim_buf_set_lines(message, 0, -1, false, {})
  vim.bo[message].modified = false
  if run then return client.command_of(server, 'run.send', { runId = run, text = text }, sent(lines)) end
  client.command_of(server, 'run.start', { prompt = text }, sent(lines))
end

local function scratch(name)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buffer, name)
  vim.bo[buffer].bufhidden = 'hide'
  vim.bo[buffer].swapfile = false
  return buffer
end

local function make_transcript()
  transcript = scratch('holdfast://conversation')
  vim.bo[transcript].filetype = 'markdown'
  vim.bo[transcript].modifiable = false
  vim.keymap.set('n', 'i', M.write, { buffer = transcript, desc = 'write to the run' })
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = transcript, desc = 'close' })
end

local function make_message()
  message = scratch('holdfast://message')
  vim.bo[message].buftype = 'acwrite'
  vim.api.nvim_create_autocmd('BufWriteCmd', { buffer = message, callback = M.send })
  vim.keymap.set('n', '<CR>', M.send, { buffer = message, desc = 'send' })
  vim.keymap.set('i', '<C-s>', M.send, { buffer = message, desc = 'send' })
end

local function set_up_transcript()
  vim.wo.wrap, vim.wo.linebreak, vim.wo.number, vim.wo.relativenumber = true, true, false, false
  vim.wo.foldmethod, vim.wo.foldlevel, vim.wo.foldenable = 'expr', 0, true
  vim.wo.foldexpr = "v:lua.require('holdfast.chat').fold(v:lnum)"
  vim.wo.foldtext = "v:lua.require('holdfast.chat').fold_text()"
  vim.wo.conceallevel = 2
  vim.wo.statusline = ' conversation%=%{v:lua.require("holdfast").status()} '
end

local function set_up_message()
  vim.wo.winfixheight, vim.wo.wrap, vim.wo.number, vim.wo.relativenumber = true, true, false, false
  vim.wo.statusline = ' write here; <C-s>, or <CR> in Normal mode, sends'
end

-- Opens the windows, or goes to the one to write in.
function M.write()
  local windows = loaded(message) and vim.fn.win_findbuf(message) or {}
  if windows[1] then
    vim.api.nvim_set_current_win(windows[1])
  else
    M.open_windows()
  end
  vim.cmd('startinsert')
end

function M.open_windows()
  if not loaded(transcript) then make_transcript() end
  if not loaded(message) then make_message() end
  if #vim.fn.win_findbuf(transcript) == 0 then
    vim.cmd('vertical botright split')
    vim.api.nvim_win_set_buf(0, transcript)
    set_up_transcript()
  else
    vim.api.nvim_set_current_win(vim.fn.win_findbuf(transcript)[1])
  end
  if #vim.fn.win_findbuf(message) == 0 then
    vim.cmd(('belowright %dsplit'):format(MESSAGE_LINES))
    vim.api.nvim_win_set_buf(0, message)
    set_up_message()
  end
end

-- `:Holdfast chat`: the newest run, `new` for another one, or a run by its id.
function M.open(which)
  local current = client.ready()
  if not current then return end
  local status = client.status()
  if which == 'new' then
    M.show(nil, current.id)
  elseif which ~= '' then
    M.show(which, current.id)
  elseif not conversation or (status and status.runId and status.runId ~= run and not conversation.open) then
    M.show(status and status.runId, current.id)
  end
  M.open_windows()
  M.write()
  render_soon()
end

return M
