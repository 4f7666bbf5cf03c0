" A client that answers no question of a server: permission by a command, status all the same.
" The assertions are in test_poor_clients.py.
set nocompatible hidden noswapfile shortmess+=A autoread
packadd ale
filetype plugin on
let g:ale_lint_on_enter = 1
let g:ale_linters = {'python': ['holdfast']}
let g:holdfast_command = json_decode($SERVER)
exe 'source ' . $CLIENT . '/editors/vim/plugin/holdfast.vim'
let s:seen = {}

function! Finish() abort
  call writefile([json_encode(s:seen)], $RESULT)
  qall!
endfunction
function! Wait(what, Holds) abort
  for i in range(400)
    if a:Holds() | return | endif
    sleep 50m
  endfor
  let s:seen.error = 'not in time: ' . a:what . ' ' . string(Problems())
  call Finish()
endfunction
function! Problems() abort
  return map(copy(get(get(g:ale_buffer_info, bufnr(''), {}), 'loclist', [])), 'v:val.text')
endfunction

execute 'edit' $FILE
call ale#Queue(0)
call Wait('the server', {-> get(g:, 'holdfast_started', 0)})
Holdfast work Set the answer.
call Wait('the question', {-> match(Problems(), 'waits for permission') >= 0})
let s:seen.problems = Problems()
call Wait('the status', {-> HoldfastStatus() =~# 'waits for you'})
let s:seen.waiting = HoldfastStatus()
Holdfast once
call Wait('the edit', {-> match(readfile($FILE), 'return 42') >= 0})
call Wait('the end', {-> HoldfastStatus() ==# '0/1 goal'})
let s:seen.status = HoldfastStatus()
checktime
let s:seen.lines = getline(1, '$')
call Finish()
