// Runs behind testharness.js and before the test: sends results to the runner as they come.
(() => {
  const send = self.landfallResults;
  delete self.landfallResults;
  const { queueMicrotask, String } = self;
  const text = (value) => (value == null ? null : String(value).toWellFormed());
  const describe = ({ name, status, message }) => ({
    name: text(name),
    status,
    message: text(message),
  });

  // Results of one turn travel together.
  let waiting = [];
  const flush = () => {
    const subtests = waiting;
    waiting = [];
    if (subtests.length > 0) send({ subtests });
  };
  add_result_callback((test) => {
    if (waiting.push(describe(test)) === 1) queueMicrotask(flush);
  });
  add_completion_callback((tests, { status, message }) => {
    flush();
    send({ harness: { status, message: text(message) }, subtests: tests.map(describe) });
  });
})();
