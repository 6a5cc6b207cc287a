// Subscribes to push messages and prints what an application server needs to send some.

async function subscribe() {
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription = await pushManager.subscribe({ userVisibleOnly: true });
  console.log(JSON.stringify(subscription));
}

subscribe();
