-- A run that is started with an image, as a person types it.
-- The assertions are in test_image_editors.py.
local it = dofile(vim.env.EDITORS .. '/prelude.lua')

it.play(function()
  it.start()
  local _, refused = pcall(vim.cmd, 'Holdfast image mock.png')
  it.seen.refused = tostring(refused)
  vim.cmd('Holdfast image ' .. vim.env.IMAGE_PATH .. ' Build this page.')
  it.wait('the end of the run', function() return it.said('It is built.') end)
end)
