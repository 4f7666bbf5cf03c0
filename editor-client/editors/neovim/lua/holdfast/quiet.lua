-- What the server shows and opens, in a way that never takes the keyboard from who types.
local page = require('holdfast.page')
local M = {}

local COMMAND_SECONDS = 5 -- what opens this soon after a command was asked for

local commanded = -math.huge -- when the person gave the last command, in seconds

local function now() return vim.loop.hrtime() / 1e9 end

-- As much of a text as one line of messages holds: more of it would wait for a key.
local function fitted(text)
  local line = text:gsub('%s*\n%s*', ' · ')
  local room = math.max(10, vim.v.echospace)
  if vim.fn.strdisplaywidth(line) <= room then return line end
  return vim.fn.strcharpart(line, 0, room - 1) .. '…'
end

-- A plug-in that shows notices elsewhere gets all of the text.
local function is_stock()
  local source = debug.getinfo(vim.notify, 'S').source
  return source == '?' or source:find('^@vim/') -- it is built in, without or with its name
end

-- Shows a message: a line that fits, and more of it in a window without the focus.
function M.notify(message, level)
  local text = 'Holdfast: ' .. message
  level = level or vim.log.levels.INFO
  if not is_stock() then return vim.notify(text, level) end
  vim.cmd('redraw')
  vim.notify(fitted(text), level)
  if message:find('\n') then page.show(message) end
end

function M.commanded() commanded = now() end

local levels = { vim.log.levels.ERROR, vim.log.levels.WARN, vim.log.levels.INFO }

M.handlers = {
  ['window/showMessage'] = function(_, params)
    M.notify(params.message:gsub('^Holdfast: ', ''), levels[params.type])
  end,
  -- The server sends none to us; a prompt of Neovim would take the next key for an answer.
  ['window/showMessageRequest'] = function(_, params)
    M.notify(params.message:gsub('^Holdfast: ', ''), levels[params.type])
    return vim.NIL
  end,
  -- Neovim's own prints the label of each edit.
  ['workspace/applyEdit'] = function(err, params, context, more)
    local unnamed = vim.tbl_extend('force', params, {})
    unnamed.label = nil
    return vim.lsp.handlers['workspace/applyEdit'](err, unnamed, context, more)
  end,
  -- A page that a run opens gets no focus; one that a command asked for does.
  ['window/showDocument'] = function(err, params, context, more)
    if not vim.startswith(params.uri, 'file:') then
      return vim.lsp.handlers['window/showDocument'](err, params, context, more)
    end
    local asked = now() - commanded < COMMAND_SECONDS and vim.fn.mode() == 'n'
    local file = vim.uri_to_fname(params.uri)
    if asked then
      vim.cmd((vim.bo.modified and not vim.o.hidden and 'split ' or 'edit ') .. vim.fn.fnameescape(file))
    else
      M.notify('see ' .. vim.fn.fnamemodify(file, ':~:.'))
    end
    return { success = true }
  end,
}

return M
