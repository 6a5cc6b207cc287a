// Deno's HTTP client script asks deno_net for one function. Answering here saves that whole crate.
(function () {
  return {
    loadTlsKeyPair() {
      throw new TypeError("client certificates are not available to scripts");
    },
  };
})();
