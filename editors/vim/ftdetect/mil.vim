" MIL text of Core ML models.
autocmd BufNewFile,BufRead *.mil setfiletype mil
