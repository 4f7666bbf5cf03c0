-- `:Holdfast WORD REST`; a range in front of it selects lines.
local client = require('holdfast.client')
local changes = require('holdfast.changes')
local chat = require('holdfast.chat')
local hunks = require('holdfast.hunks')
local question = require('holdfast.question')
local M = {}

-- Says whether the current buffer is a file of the workspace.
local function is_in_workspace()
  local file, current = vim.api.nvim_buf_get_name(0), client.current()
  if file == '' or vim.bo.buftype ~= '' or not current then return false end
  local folders = current.workspace_folders or { { name = current.config.root_dir or '' } }
  for _, folder in ipairs(folders) do
    local root = vim.loop.fs_realpath(folder.name)
    local found = vim.loop.fs_realpath(vim.fn.fnamemodify(file, ':h'))
    if root and found and vim.startswith(found .. '/', root .. '/') then return true end
  end
  return false
end

-- The file of the current buffer, if the agent may see it, and the lines of a range.
local function selection(input)
  if not is_in_workspace() then return {} end
  local found = { uri = vim.uri_from_bufnr(0) }
  if input.range > 0 then
    found.range = {
      start = { line = input.line1 - 1, character = 0 },
      ['end'] = { line = input.line2, character = 0 },
    }
  end
  return found
end

local function start_run(prompt, input, more)
  local argument = vim.tbl_extend('force', selection(input), { prompt = prompt }, more or {})
  client.command('run.start', argument)
end

-- The path of an image, its blanks escaped or it in quotes, and then what to do.
local function start_with_image(rest, input)
  local path, prompt = rest:match('^"(.-)"%s*(.*)$')
  if not path then
    local _, last = rest:find('[^\\]%s')
    path, prompt = rest:sub(1, (last or #rest + 1) - 1), vim.trim(rest:sub(last or #rest + 1))
    path = path:gsub('\\ ', ' ')
  end
  if prompt == '' then
    return client.notify('image takes a path and what to do', vim.log.levels.ERROR)
  end
  start_run(prompt, input, { images = { vim.fn.fnamemodify(path, ':p') } })
end

-- How many attempts, and then what to do.
local function start_attempts(rest, input)
  local count, prompt = rest:match('^(%d+)%s+(.+)$')
  if not count then
    return client.notify('attempts takes a number and what to do', vim.log.levels.ERROR)
  end
  start_run(prompt, input, { attempts = tonumber(count) })
end

local function list_hits(reply)
  local items = {}
  for _, hit in ipairs(reply.hits or {}) do
    table.insert(items, {
      filename = hit.uri and vim.uri_to_fname(hit.uri) or nil,
      lnum = hit.range and hit.range.start.line + 1 or nil,
      text = hit.title,
    })
  end
  if #items == 0 then return client.notify(reply.message) end
  vim.fn.setqflist({}, ' ', { title = 'Holdfast', items = items })
  vim.cmd('copen')
end

local function open_transcript(reply)
  vim.cmd('edit ' .. vim.fn.fnameescape(vim.uri_to_fname(reply.uri)))
  vim.bo.modifiable, vim.bo.readonly = false, true
end

-- Answers the question on the screen. What follows a denial is why, for the model to read.
local function answer(word)
  return function(rest)
    local asked = question.current()
    if asked then return client.answer(asked.client, asked, word, rest) end
    if asked == nil then return client.notify('nothing waits for an answer') end
    client.notify('this question has only just come; look at it first', vim.log.levels.WARN)
  end
end

local function look_at_question()
  if not question.focus() then client.notify('nothing waits for an answer') end
end

-- Asks whether to trust what the project brings; the page about it lies open.
local function ask_for_trust(reply)
  if #reply.waiting == 0 or not reply.uri then return client.notify(reply.message) end
  local choices = { { answer = 'yes', title = 'Trust' }, { answer = 'no', title = 'Refuse' } }
  local title = ('This project brings %d things for the agent. Trust them?'):format(#reply.waiting)
  question.ask(title, reply.message, choices, function(choice)
    for _, item in ipairs(reply.waiting) do
      client.command('trust', { what = item.id, answer = choice })
    end
  end)
end

-- A step, and behind it what to do instead.
local function step_in(rest)
  local step, prompt = rest:match('^(%d+)%s*(.*)$')
  return step and { step = tonumber(step), prompt = prompt ~= '' and prompt or nil }
end

-- One of those that are found, or all at an address.
local function choose_model(address)
  local at = address ~= '' and { baseUrl = address } or nil
  client.command('model.list', at, function(reply)
    local models = reply.models or {}
    if #models == 0 then return client.notify(reply.message, vim.log.levels.WARN) end
    local options = {
      prompt = 'Model:',
      format_item = function(one)
        return ('%s%s (%s)'):format(one.current and '* ' or '', one.name, one.baseUrl)
      end,
    }
    vim.ui.select(models, options, function(one)
      if one then client.command('model.choose', { baseUrl = one.baseUrl, name = one.name }) end
    end)
  end)
end

local words = {
  work = function(rest, input) start_run(rest, input) end,
  plan = function(rest, input) start_run(rest, input, { mode = 'plan' }) end,
  max = function(rest, input) start_run(rest, input, { maxMode = true }) end,
  image = start_with_image,
  attempts = start_attempts,
  goals = function() client.command('run.start') end,
  propose = function(rest, input)
    client.command('max.propose', vim.tbl_extend('force', selection(input), { prompt = rest }))
  end,
  accept = function(rest)
    if not rest:match('^%d*$') then
      local text = 'accept takes the number of a candidate, not “%s”'
      return client.notify(text:format(rest), vim.log.levels.ERROR)
    end
    client.command('max.accept', { candidate = tonumber(rest) })
  end,
  stop = function() client.command('run.stop') end,
  resume = function() client.command('run.resume') end,
  send = function(rest) client.command('run.send', { text = rest }) end,
  undo = function() client.command('run.undo') end,
  changes = changes.list,
  hunks = hunks.open,
  diff = changes.diff,
  undohunk = changes.undo_hunk,
  keephunk = changes.keep_hunk,
  review = function(rest) client.command('review.run', rest ~= '' and { base = rest } or nil) end,
  rewind = function(rest) client.command('run.rewind', step_in(rest)) end,
  fork = function(rest) client.command('run.fork', step_in(rest)) end,
  show = function() client.command('run.show', nil, open_transcript) end,
  list = function() client.command('run.list') end,
  goal = function(rest) client.command('goal.new', rest ~= '' and { title = rest } or nil) end,
  check = function() client.command('goal.check', { all = true }) end,
  answer = look_at_question,
  chat = function(rest) chat.open(rest) end,
  once = answer('once'),
  run = answer('run'),
  always = answer('always'),
  everywhere = answer('everywhere'),
  sandboxed = answer('sandboxed'),
  deny = answer('deny'),
  search = function(rest) client.command('memory.search', { query = rest }, list_hits) end,
  remember = function(rest) client.command('memory.remember', { text = rest }) end,
  status = function() client.command('status') end,
  skills = function() client.command('skill.list') end,
  dream = function(rest) client.command('evolve.dream', { model = rest == 'model' }) end,
  distill = function(rest)
    client.command('evolve.distill', { replay = rest == 'replay' })
  end,
  inbox = function(rest) client.command(rest == 'restore' and 'evolve.restore' or 'evolve.status') end,
  trust = function() client.command('trust') end,
  model = function(rest) choose_model(rest) end,
  workflow = function(rest)
    if rest == '' then return client.command('workflow.list') end
    client.command('workflow.run', { name = rest })
  end,
  doctor = function() client.command('doctor') end,
}

local function names()
  local known = vim.tbl_keys(words)
  table.sort(known)
  return known
end

local function run(input)
  local word, rest = input.args:match('^(%S+)%s*(.*)$')
  if not words[word] then
    local text = ('unknown: %s; known are %s'):format(word, table.concat(names(), ', '))
    return client.notify(text, vim.log.levels.ERROR)
  end
  words[word](rest, input)
end

-- Adds `:Holdfast`.
function M.create()
  vim.api.nvim_create_user_command('Holdfast', run, {
    nargs = '+',
    range = true,
    complete = function(begun)
      return vim.tbl_filter(function(word) return vim.startswith(word, begun) end, names())
    end,
  })
end

return M
