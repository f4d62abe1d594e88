// Formats MIL files by `milc fmt`, which reads the text from standard input. A text with a syntax
// error stays as it is; what milc says about it is shown in the output panel "MIL".
"use strict";

const { spawn } = require("node:child_process");
const { basename, dirname } = require("node:path");
const vscode = require("vscode");

function format(document, token, output) {
  const [command, ...rest] = vscode.workspace.getConfiguration("mil", document).get("command");
  const isFile = document.uri.scheme === "file";
  const name = isFile ? basename(document.fileName) : "untitled.mil";
  const options = isFile ? { cwd: dirname(document.fileName) } : {};
  const text = document.getText();
  return new Promise((resolve) => {
    const child = spawn(command, [...rest, "fmt", "--stdin-filename", name, "-"], options);
    const parts = { stdout: [], stderr: [] };
    const give = (message, edits) => {
      output.clear();
      if (message) output.appendLine(message);
      resolve(edits);
    };
    token.onCancellationRequested(() => child.kill());
    child.stdout.on("data", (part) => parts.stdout.push(part));
    child.stderr.on("data", (part) => parts.stderr.push(part));
    child.stdin.on("error", () => {}); // a command that ends early is reported by its status
    child.on("error", (error) => give(`${command}: ${error.message} (see the setting mil.command)`, []));
    child.on("close", (status) => {
      const said = Buffer.concat(parts.stderr).toString("utf8");
      if (status !== 0) return give(said || `${command} ended with status ${status}`, []);
      const whole = new vscode.Range(document.positionAt(0), document.positionAt(text.length));
      const formatted = Buffer.concat(parts.stdout).toString("utf8");
      give(said, formatted === text ? [] : [vscode.TextEdit.replace(whole, formatted)]);
    });
    child.stdin.end(text);
  });
}

exports.activate = function (context) {
  const output = vscode.window.createOutputChannel("MIL");
  const provider = {
    provideDocumentFormattingEdits: (document, _, token) => format(document, token, output),
  };
  const registered = vscode.languages.registerDocumentFormattingEditProvider("mil", provider);
  context.subscriptions.push(output, registered);
};
