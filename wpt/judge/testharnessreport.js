// Runs in the page, after testharness.js: keeps the results for whoever runs the tests.

setup({ output: false });

globalThis.results = new Promise((resolve) => {
  add_completion_callback((tests, harness) => {
    resolve({
      status: harness.status,
      message: harness.message,
      subtests: tests.map(({ name, status, message }) => ({ name, status, message })),
    });
  });
});

/** Registers a script as a service worker and takes over its subtests. */
async function runInWorker(script) {
  const scope = `${script}/scope`;
  setup({ explicit_done: true });
  const old = await navigator.serviceWorker.getRegistration(scope);
  await old?.unregister();
  const registration = await navigator.serviceWorker.register(script, { scope });
  await fetch_tests_from_worker(registration.installing);
  done();
}
