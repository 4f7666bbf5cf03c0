-- The questions of runs, one at a time, in a window that is in nobody's way: it never takes
-- the focus, and its keys answer only while it has it. `:Holdfast answer` goes there.
local M = {}

local WIDTH_MAX = 90
local SHARE_MAX = 0.66 -- of the rows of the screen
local SEEN_MILLISECONDS = 700 -- a question that came later than this before a command was not read
local RETRY_MILLISECONDS = 300 -- Neovim opens no window at some moments, as in its command window

local keys = {
  once = 'y',
  run = 'r',
  always = 'a',
  everywhere = 'e',
  sandboxed = 's',
  deny = 'd',
  yes = 'y',
  no = 'n',
}

local waiting = {} -- the questions of each client by its id, oldest first; our own by `own`
local shown -- the question in the window, with `client` and the time `since` it is there
local hidden -- the id of a question whose window the person closed
local buffer, window
local corner -- where the window is
local retrying = false
local give -- answers: called with the client's id, a question, the answer and why

local function usable(win) return win and vim.api.nvim_win_is_valid(win) end

function M.is_focused() return usable(window) and vim.api.nvim_get_current_win() == window end

-- The first question that waits, the shown one while it does.
local function next_question()
  local first
  for client, questions in pairs(waiting) do
    for _, each in ipairs(questions) do
      if shown and each.id == shown.id then return shown end
      if not first then first = vim.tbl_extend('force', each, { client = client }) end
    end
  end
  return first
end

local function leave()
  if M.is_focused() then vim.cmd('wincmd p') end
  if M.is_focused() then vim.cmd('wincmd w') end
end

local function close()
  leave()
  if usable(window) then pcall(vim.api.nvim_win_close, window, true) end
  window = nil
end

local update

local function answer(choice, reason)
  local question = shown
  leave()
  if question.client ~= 'own' then return give(question.client, question, choice, reason) end
  waiting.own = nil
  update()
  question.done(choice)
end

local function deny_with_reason()
  vim.ui.input({ prompt = 'Why not? The model reads it: ' }, function(reason)
    if reason then answer('deny', reason) end
  end)
end

-- The lines of a question: what is asked, the answers to it, the exact operation.
local function lines_of(question)
  local lines = { ' ' .. question.title, '' }
  local by_line = {}
  for _, choice in ipairs(question.choices) do
    local key = keys[choice.answer]
    if key then
      table.insert(lines, ('  %s  %s'):format(key, choice.title))
      by_line[#lines] = choice.answer
    end
    if choice.answer == 'deny' then table.insert(lines, '  D  Deny and say why') end
  end
  table.insert(lines, '  `:Holdfast answer` comes here, q goes back')
  if not question.title:find(question.detail, 1, true) then
    table.insert(lines, '')
    vim.list_extend(lines, vim.split(question.detail, '\n'))
  end
  return lines, by_line
end

local function map(key, action)
  vim.keymap.set('n', key, action, { buffer = buffer, nowait = true, silent = true })
end

local function fill(question)
  buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = 'wipe'
  local lines, by_line = lines_of(question)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].syntax = question.language
  for _, choice in ipairs(question.choices) do
    if keys[choice.answer] then map(keys[choice.answer], function() answer(choice.answer) end) end
    if choice.answer == 'deny' then map('D', deny_with_reason) end
  end
  map('q', leave)
  map('<Esc>', leave)
  map('<CR>', function()
    local choice = by_line[vim.api.nvim_win_get_cursor(window)[1]]
    if choice then answer(choice) end
  end)
end

-- How many rows the lines take when they are wrapped.
local function rows_of(lines, width)
  local rows = 0
  for _, line in ipairs(lines) do
    rows = rows + math.max(1, math.ceil(vim.fn.strdisplaywidth(line) / width))
  end
  return rows
end

-- The corner that is farthest from the cursor.
local function place()
  local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  local width = 30
  for _, line in ipairs(lines) do width = math.max(width, vim.fn.strdisplaywidth(line) + 1) end
  width = math.max(1, math.min(width, WIDTH_MAX, vim.o.columns - 4))
  local free = vim.o.lines - vim.o.cmdheight - 4
  local height = math.max(1, math.min(rows_of(lines, width), math.floor(free * SHARE_MAX)))
  local at_top = vim.fn.screenrow() > vim.o.lines / 2
  local at_left = vim.fn.screencol() > vim.o.columns / 2
  return {
    relative = 'editor',
    anchor = (at_top and 'N' or 'S') .. (at_left and 'W' or 'E'),
    row = at_top and 1 or vim.o.lines - vim.o.cmdheight - 1,
    col = at_left and 0 or vim.o.columns,
    width = width,
    height = height,
  }
end

local function open(question)
  fill(question)
  local how = place()
  how.style, how.border, how.focusable, how.noautocmd = 'minimal', 'rounded', true, true
  corner = how.anchor .. how.row
  window = vim.api.nvim_open_win(buffer, false, how)
  vim.wo[window].wrap, vim.wo[window].foldenable = true, false
  vim.wo[window].winhighlight = 'Normal:NormalFloat'
  if not shown or shown.id ~= question.id then question.since = vim.loop.now() end
  shown = question
end

local function in_this_tab()
  return usable(window)
    and vim.api.nvim_win_get_tabpage(window) == vim.api.nvim_get_current_tabpage()
end

-- Brings the window in line with what waits. What fails is tried again soon.
function update()
  local question = next_question()
  if not question or (shown and shown.id ~= question.id) or not in_this_tab() then close() end
  if not question then
    shown, hidden = nil, nil
    return
  end
  if hidden == question.id or usable(window) then return end
  if not pcall(open, question) and not retrying then
    retrying = true
    vim.defer_fn(function()
      retrying = false
      update()
    end, RETRY_MILLISECONDS)
  end
end

local function closed(event)
  if not window or tonumber(event.match) ~= window then return end
  -- Who closes it from within does not want to see it; `:only` elsewhere means other windows.
  if M.is_focused() and shown then hidden = shown.id end
  window = nil
  vim.schedule(update)
end



local function move()
  if not usable(window) or M.is_focused() then return end
  local how = place()
  if corner == how.anchor .. how.row then return end
  corner = how.anchor .. how.row
  pcall(vim.api.nvim_win_set_config, window, how)
end

-- Takes the whole list of what waits in a client; nil when the client has ended.
function M.update(client, questions)
  waiting[client] = questions
  update()
end

-- Asks a question of ours in the window; `done` gets `yes` or `no`.
function M.ask(title, detail, choices, done)
  local own = { id = 'own', title = title, detail = detail, language = '', done = done }
  own.choices = choices
  waiting.own = { own }
  update()
end

-- Goes to the window, also when it was closed.
function M.focus()
  hidden = nil
  update()
  if usable(window) then vim.api.nvim_set_current_win(window) end
  return usable(window)
end

-- The question that a command answers: the one on the screen, nil if there is none, and false
-- if it came too late to be the one that was meant.
function M.current()
  if not shown or shown.client == 'own' then return nil end
  return vim.loop.now() - shown.since >= SEEN_MILLISECONDS and shown or false
end

function M.setup(answer_with)
  give = answer_with
  local group = vim.api.nvim_create_augroup('holdfast_question', {})
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, callback = callback })
  end
  on('WinClosed', closed)
  on({ 'TabEnter', 'CmdwinLeave' }, function() vim.schedule(update) end)
  on({ 'VimResized', 'CursorMoved', 'CursorMovedI' }, move)
end

return M
