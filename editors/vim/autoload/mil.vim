" Formatting by milc, called from ftplugin/mil.vim.

" Replace the buffer by what milc makes of it. On an error leave it, and list what is wrong.
function! mil#format() abort
  let l:milc = get(g:, 'mil_command', 'milc')
  let l:name = expand('%:p') ==# '' ? 'untitled.mil' : expand('%:p')
  let l:said = tempname()
  let l:command = l:milc . ' fmt --format line --stdin-filename ' . shellescape(l:name) . ' -'
  let l:lines = systemlist(l:command . ' 2>' . shellescape(l:said), getline(1, '$'))
  if v:shell_error
    call setqflist([], 'r', {'title': 'milc fmt', 'lines': readfile(l:said),
          \ 'efm': '%f:%l:%c: %t%*[a-z][%*[A-Z0-9]]: %m,%m'})
    copen
  elseif l:lines !=# getline(1, '$')
    let l:view = winsaveview()
    silent keepjumps call setline(1, l:lines)
    silent keepjumps call deletebufline('%', len(l:lines) + 1, '$')
    call winrestview(l:view)
  endif
  call delete(l:said)
endfunction

" For 'formatexpr': `gq` over any lines formats the whole buffer, since milc reads whole programs.
function! mil#formatexpr() abort
  if mode() =~# '[iR]'
    return 1
  endif
  call mil#format()
  return 0
endfunction
