-- What every driver of Neovim needs: the configuration that ships, notes, and waiting.
-- Stock handlers; only the questions that nobody can answer headless are answered here.
local M = { seen = { messages = {}, asked = {} }, wanted = '' }
local seen = M.seen

function M.wait(what, condition, milliseconds)
  if not vim.wait(milliseconds or 20000, condition, 20) then
    error('not in time: ' .. what .. ' ' .. vim.inspect(seen))
  end
end

local function title(item, options)
  if options.format_item then return options.format_item(item) end
  return type(item) == 'table' and (item.title or (item.action and item.action.title)) or tostring(item)
end

-- Code actions.
vim.ui.select = function(items, options, choose)
  seen.offered = vim.tbl_map(function(item) return title(item, options) end, items)
  for index, shown in ipairs(seen.offered) do
    if shown:find(M.wanted, 1, true) then
      table.insert(seen.asked, shown)
      return choose(items[index], index)
    end
  end
  choose(nil, nil)
end

-- Runs a code action at the cursor; asks again, as a person does, where none came.
function M.act(wanted)
  M.wanted = wanted
  local before = #seen.asked
  local asked = function() return #seen.asked > before end
  for _ = 1, 12 do
    vim.lsp.buf.code_action()
    if vim.wait(5000, asked, 20) then return end
  end
  error('not offered: ' .. wanted .. ' ' .. vim.inspect(seen))
end

function M.said(text)
  for _, message in ipairs(seen.messages) do
    if message:find(text, 1, true) then return message end
  end
end

-- Waits for the server in the current buffer.
function M.attached()
  M.holdfast = require('holdfast')
  M.wait('the server', function()
    local client = M.holdfast.client()
    return client and (client.initialized or client.server_capabilities)
  end)
  M.client = M.holdfast.client()
  seen.encoding = M.client.offset_encoding
end

-- Starts the server for the current buffer, as `setup` of the person's configuration does.
function M.start(handlers)
  vim.opt.runtimepath:append(vim.env.CLIENT .. '/editors/neovim')
  require('holdfast').setup({
    cmd = vim.json.decode(vim.env.SERVER),
    handlers = vim.tbl_extend('force', {
      ['window/showMessage'] = function(_, result) table.insert(seen.messages, result.message) end,
    }, handlers or {}),
  })
  M.attached()
end

-- Waits for a question of a run and says yes to it, as a person would: looks, goes there, presses a key.
function M.approve()
  local question = require('holdfast.question')
  M.wait('the question', question.current)
  local asked = question.current()
  local titles = vim.tbl_map(function(choice) return choice.title end, asked.choices)
  table.insert(seen.asked, asked.title .. ': ' .. table.concat(titles, ' | '))
  assert(not question.is_focused(), 'it has taken the focus')
  vim.cmd('Holdfast answer')
  assert(question.is_focused(), 'it has no focus')
  vim.api.nvim_feedkeys('y', 'xt', false)
  M.wait('the answer', function() return question.current() ~= asked end)
end

-- The reply of a command.
function M.command(name, argument)
  local reply
  M.holdfast.command(name, argument, function(result) reply = result end)
  M.wait(name, function() return reply end)
  return reply
end

function M.text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
end

-- Plays `script`, ends the server and writes what was seen as JSON to $RESULT.
function M.play(script)
  local ok, err = pcall(function()
    script()
    local id = M.client.id
    if vim.fn.has('nvim-0.11') == 1 then M.client:stop() else M.client.stop() end
    M.wait('the server to end', function() return vim.lsp.get_client_by_id(id) == nil end)
  end)
  seen.error = not ok and tostring(err) or nil
  local file = io.open(vim.env.RESULT, 'w')
  file:write(vim.json.encode(seen))
  file:close()
  vim.cmd(ok and 'qall!' or 'cquit 1')
end

return M
