// Lets a page run one of the worker's actions and get what it returns: posts a name with a message port.
function answerMessages(actions) {
  self.addEventListener("message", (event) => {
    const [port] = event.ports;
    event.waitUntil(
      Promise.resolve()
        .then(() => actions[event.data]())
        .then(
          (value) => port.postMessage({ value }),
          (error) => port.postMessage({ error: `${error.name}: ${error.message}` }),
        ),
    );
  });
}
