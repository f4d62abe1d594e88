;;; mil-mode.el --- MIL text of Core ML models  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: Apache-2.0
;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages

;;; Commentary:

;; Highlighting and comments for .mil files, and `mil-format-buffer' (C-c C-f), which lays a
;; program out by `milc fmt'.  `mil-format-on-save-mode' does it whenever a buffer is saved.

;;; Code:

(defgroup mil nil
  "MIL text of Core ML models."
  :group 'languages)

(defcustom mil-command "milc"
  "The program milc, found in `exec-path' or named by its whole path."
  :type 'string)

(defvar mil-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 12" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?\\ "\\" table)
    (modify-syntax-entry ?` "$" table)
    (modify-syntax-entry ?_ "w" table)
    (modify-syntax-entry ?= "." table)
    (modify-syntax-entry ?- "." table)
    (modify-syntax-entry ?< "." table)
    (modify-syntax-entry ?> "." table)
    table)
  "Syntax of MIL text.")

(defconst mil--elements
  '("bool" "string" "fp16" "fp32" "fp64" "bf16" "fp8e4m3fn" "fp8e5m2"
    "int4" "int8" "int16" "int32" "int64"
    "uint1" "uint2" "uint3" "uint4" "uint6" "uint8" "uint16" "uint32" "uint64")
  "The element types.")

(defconst mil--font-lock-keywords
  `(("`[^`\n]*`" . font-lock-variable-name-face)
    ("\\_<\\(func\\)\\s-+\\(\\w+\\)\\s-*<\\s-*\\(\\w+\\)"
     (1 font-lock-keyword-face) (2 font-lock-function-name-face) (3 font-lock-preprocessor-face))
    ("\\_<\\(program\\)\\s-*(" 1 font-lock-keyword-face)
    ("\\_<\\(BLOBFILE\\)\\s-*(" 1 font-lock-keyword-face)
    ("\\_<\\(tensor_buffer\\|tensor\\|list\\|dict\\|tuple\\|state\\)\\s-*<" 1 font-lock-type-face)
    ;; The result of an operation: a name behind its type.
    (,(concat "\\(?:>\\|" (regexp-opt mil--elements 'words) "\\)[ \t\n]+\\(\\w+\\)")
     2 font-lock-variable-name-face)
    ("\\_<\\(\\w+\\)\\s-*=" 1 font-lock-constant-face)
    (,(regexp-opt mil--elements 'words) . font-lock-type-face)
    ("\\_<\\(true\\|false\\|inf\\|nan\\)\\_>" 1 font-lock-constant-face)
    ("\\_<\\(\\w+\\)\\(?:\\s-*<\\s-*\\w+\\s-*>\\)?\\s-*(" 1 font-lock-builtin-face))
  "Highlighting of MIL text; what comes first wins.")

(defvar mil-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-f") #'mil-format-buffer)
    map)
  "Keys of `mil-mode'.")

;;;###autoload
(define-derived-mode mil-mode prog-mode "MIL"
  "Major mode for MIL text of Core ML models.
Runs `mil-mode-hook' at its end.

\\{mil-mode-map}"
  (setq-local comment-start "// ")
  (setq-local comment-start-skip "//+\\s-*")
  (setq-local comment-end "")
  (setq-local indent-tabs-mode nil)
  (setq-local tab-width 4)
  (setq-local font-lock-defaults '(mil--font-lock-keywords)))

(defun mil-format-buffer ()
  "Lay the buffer out by `milc fmt'.
Point and marks stay where they are.  A program with an error is left as
it is, and the error shown in the buffer *milc*."
  (interactive)
  (let ((said (make-temp-file "milc"))
        (formatted (generate-new-buffer " *milc fmt*"))
        (coding-system-for-read 'utf-8-unix)
        (coding-system-for-write 'utf-8-unix)
        (name (or buffer-file-name "untitled.mil")))
    (unwind-protect
        (if (eq 0 (call-process-region nil nil mil-command nil (list formatted said) nil "fmt"
                                       "--format" "line" "--stdin-filename" name "-"))
            (replace-buffer-contents formatted)
          (with-current-buffer (get-buffer-create "*milc*")
            (let ((inhibit-read-only t))
              (erase-buffer)
              (insert-file-contents said)
              (compilation-mode)
              (display-buffer (current-buffer)))))
      (kill-buffer formatted)
      (delete-file said))))

;;;###autoload
(define-minor-mode mil-format-on-save-mode
  "Lay the buffer out by `milc fmt' whenever it is saved."
  :lighter " fmt"
  (if mil-format-on-save-mode
      (add-hook 'before-save-hook #'mil-format-buffer nil t)
    (remove-hook 'before-save-hook #'mil-format-buffer t)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.mil\\'" . mil-mode))

(provide 'mil-mode)

;;; mil-mode.el ends here
