/** Work that happens one after the other, in the order in which it was given. */
export interface Lane {
  /** Never rejects: what a task throws goes to `onError`, and the next task begins. */
  add(task: () => Promise<void>): void;
  idle(): boolean;
}

export function createLane(onError: (error: unknown) => void): Lane {
  let last: Promise<void> = Promise.resolve();
  let open = 0;
  return {
    add(task) {
      open += 1;
      last = last
        .then(task)
        .catch(onError)
        .finally(() => {
          open -= 1;
        });
    },
    idle: () => open === 0,
  };
}
