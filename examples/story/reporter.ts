import pc from 'picocolors';

export interface Reporter {
  begin(number: number, of: number, title: string): void;
  detail(text: string): void;
  end(ok: boolean, seen: string, durationMs: number, expected: string): void;
  /** A line between steps. */
  note(text: string): void;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const DETAIL_EVERY_MS = 10_000;
const withoutNumbers = (text: string): string => text.replaceAll(/[\d.]+/g, '#');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Plain lines, one for each thing that happens: for pipes and logs. */
function plainReporter(write: (line: string) => void): Reporter {
  let current = '';
  let last = '';
  let toldAt = 0;
  return {
    begin(number, of, title) {
      current = `[${number}/${of}]`;
      write(`${current} ${title}`);
    },
    detail(text) {
      // What only counts up is told now and then.
      const [words, before] = [withoutNumbers(text), withoutNumbers(last)];
      if (text === last || (words === before && Date.now() - toldAt < DETAIL_EVERY_MS)) return;
      write(`${current}   ${text}`);
      [last, toldAt] = [text, Date.now()];
    },
    end(ok, seen, durationMs, expected) {
      write(`${current} ${ok ? 'ok' : 'FAILED'} ${seen} (${seconds(durationMs)})`);
      if (!ok) write(`${current} expected: ${expected}`);
    },
    note: write,
  };
}

/** One line that moves while a step runs, and stays once it is done. */
function liveReporter(stream: NodeJS.WriteStream): Reporter {
  let title = '';
  let text = '';
  let startedAt = 0;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const clear = (): void => void stream.write('\r\x1b[2K');
  const draw = (): void => {
    frame += 1;
    const width = (stream.columns || 100) - 1;
    const line = `${SPINNER[frame % SPINNER.length]} ${title}  ${seconds(Date.now() - startedAt)}  ${text}`;
    stream.write(`\r\x1b[2K${pc.cyan(line.slice(0, width))}`);
  };
  return {
    begin(number, of, stepTitle) {
      title = `${number}/${of} ${stepTitle}`;
      text = '';
      startedAt = Date.now();
      timer = setInterval(draw, FRAME_MS);
      draw();
    },
    detail(detail) {
      text = detail;
    },
    end(ok, seen, durationMs, expected) {
      clearInterval(timer);
      clear();
      stream.write(
        `${ok ? pc.green('✔') : pc.red('✘')} ${pc.bold(title)} ${pc.dim(seconds(durationMs))}\n    ${ok ? seen : pc.red(seen)}\n`,
      );
      if (!ok) stream.write(`    ${pc.dim('expected:')} ${expected}\n`);
    },
    note(line) {
      clear();
      stream.write(`${line}\n`);
    },
  };
}

/** Live on a terminal, plain lines when piped. */
export function createReporter(stream: NodeJS.WriteStream = process.stdout): Reporter {
  return stream.isTTY ? liveReporter(stream) : plainReporter((line) => void stream.write(`${line}\n`));
}
