" MIL text of Core ML models: comments, indentation, and formatting by milc.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal comments=:// commentstring=//\ %s
setlocal expandtab shiftwidth=4 softtabstop=4 textwidth=0
setlocal iskeyword=@,48-57,_
" Not 'formatprg': that is given parts of a program, and replaces them by whatever it prints.
setlocal formatexpr=mil#formatexpr()
let b:undo_ftplugin = 'setlocal com< cms< et< sw< sts< tw< isk< fex< | delcommand -buffer MilFormat'

command! -buffer MilFormat call mil#format()

if get(g:, 'mil_format_on_save', 0)
  augroup mil_format
    autocmd! * <buffer>
    autocmd BufWritePre <buffer> call mil#format()
  augroup END
endif
