-- What a run said and did as lines of Markdown, made of its Events one after the other.
local M = {}
M.__index = M

local marks = { pending = ' ', in_progress = '>', done = 'x', dropped = '-' }

-- A conversation without a run: the first message begins one.
function M.new()
  return setmetatable({ blocks = {}, calls = {}, pieces = {}, received = {}, seen = -1, open = false }, M)
end

-- Each block is some lines; those behind the first are folded if it is `folded`.
function M:add(block)
  table.insert(self.blocks, block)
  self.changed = math.min(self.changed or #self.blocks, #self.blocks)
  return block
end

local function lines_of(text) return vim.split(vim.trim(text or ''), '\n') end

function M:say(speaker, text)
  if self.speaker ~= speaker then
    self.speaker = speaker
    self:add({ lines = { '', '## ' .. speaker, '' } })
  end
  self.said = text
  return self:add({ lines = vim.list_extend(lines_of(text), { '' }) })
end

-- A line with more behind it, which is folded away.
local function item(label, detail)
  local lines = { '- ' .. label }
  if vim.trim(detail or '') ~= '' then
    for _, line in ipairs(lines_of(detail)) do table.insert(lines, '    ' .. line) end
  end
  return { lines = lines, folded = #lines > 1 }
end

function M:item(label, detail) return self:add(item(label, detail)) end

-- Puts other lines into a block.
function M:change(block, changed)
  block.lines, block.folded = changed.lines, changed.folded
  for index, each in ipairs(self.blocks) do
    if each == block then self.changed = math.min(self.changed or index, index) end
  end
end

local function plan_lines(items, depth, lines)
  for _, item in ipairs(items) do
    table.insert(lines, ('%s- [%s] %s'):format(('  '):rep(depth), marks[item.status] or ' ', item.text))
    plan_lines(item.items or {}, depth + 1, lines)
  end
  return lines
end

-- A piece of an answer, which the whole one replaces.
function M:stream(event)
  if event.channel == 'tool' then return end
  local piece = self.pieces[#self.pieces]
  if not piece or piece.channel ~= event.channel then
    piece = event.channel == 'text' and self:say('Holdfast', '') or self:item('… thinks', '')
    piece.channel, piece.text = event.channel, ''
    table.insert(self.pieces, piece)
  end
  piece.text = piece.text .. event.text
  if event.channel == 'text' then
    self:change(piece, { lines = vim.list_extend(lines_of(piece.text), { '' }) })
  else
    self:change(piece, item('… thinks', piece.text))
  end
end

-- What was streamed of an answer gives way to the answer.
function M:drop_pieces()
  for _, piece in ipairs(self.pieces) do self:change(piece, { lines = {} }) end
  self.pieces = {}
end

local events = {}

function events.run_started(self, event)
  self.open = true
  self:say('You', event.task.instruction)
end

function events.run_resumed(self, event)
  self.open = true
  self:item('goes on', event.note)
end

function events.message_received(self, event)
  self:say('You', event.text)
  self.received[event.text] = true
end

function events.streamed(self, event) self:stream(event) end

function events.model_answered(self, event)
  self:drop_pieces()
  local message = event.message
  if (message.reasoning or '') ~= '' then self:item('thought', message.reasoning) end
  if (message.text or '') ~= '' then self:say('Holdfast', message.text) end
end

-- The plan and the end are shown by Events of their own.
local silent = { plan = true, finish = true }

function events.tool_called(self, event, view)
  if silent[event.call.name] then return end
  self.calls[event.call.id] = self:item('▸ ' .. view.label, '')
end

function events.tool_returned(self, event, view)
  if silent[event.tool] then return end
  local call = self.calls[event.callId]
  if not call then return self:item( view.label, view.detail) end
  local mark = view.tone == 'bad' and '✗' or '✓'
  local title = call.lines[1]:gsub('^%- ▸', mark)
  self:change(call, item(title, view.detail))
end

function events.plan_changed(self, event)
  self:add({ lines = vim.list_extend({ '', '**Plan**', '' }, plan_lines(event.items, 0, {})) })
end

function events.run_ended(self, event, view)
  self:drop_pieces()
  self.open = false
  local outcome = event.outcome
  local text = outcome.summary or outcome.question or outcome.reason or outcome.error or ''
  if text ~= '' and text ~= self.said then self:say('Holdfast', text) end
  local cost = event.costUsd > 0 and (' · $%.2f'):format(event.costUsd) or ''
  self:item(('*%s · %d steps%s*'):format(outcome.outcome, event.steps, cost), view.detail)
  self.speaker = nil
end

-- What a person said is shown when they say it, also where the run reads it only later.
function events.told(self, event)
  if event.origin == 'person' and not self.received[event.text] then self:say('You', event.text) end
  self.received[event.text] = nil
end

-- These say nothing that another one does not.
for _, kind in ipairs({ 'step_started', 'step_finished', 'cycle_started', 'cycle_packed' }) do
  events[kind] = function() end
end

-- Takes an Event as `holdfast/event` has it; one that was taken already is left out.
function M:take(notice)
  local event = notice.event
  if event.kind ~= 'streamed' then
    if notice.seq <= self.seen then return end
    self.seen = notice.seq
  elseif notice.seq <= self.seen then
    return
  end
  local show = events[event.kind]
  if show then return show(self, event, notice.view) end
  if notice.view.label ~= '' and notice.view.tone ~= 'muted' then
    self:item( notice.view.label, notice.view.detail)
  end
end

-- The lines from the first block that changed, the number of the line before them, and the
-- levels of folds of all lines; nil where nothing did.
function M:render()
  if not self.changed then return nil end
  local before, lines = 0, {}
  for index, block in ipairs(self.blocks) do
    block.first = before + #lines + 1
    if index < self.changed then
      before = before + #block.lines
    else
      vim.list_extend(lines, block.lines)
    end
  end
  self.changed = nil
  return before, lines
end

-- The level of the fold of a line, as `foldexpr` wants it.
function M:fold(line)
  local low, high = 1, #self.blocks
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if self.blocks[middle].first <= line then
      low = middle
    else
      high = middle - 1
    end
  end
  local block = self.blocks[low]
  if not block or not block.folded or line >= (block.first or 0) + #block.lines then return '0' end
  return line == block.first and '>1' or '1'
end

return M
