// An application server with the package web-push, unmodified.
//
//   node send_push.cjs keys                  prints a new VAPID key pair as JSON
//   node send_push.cjs send < request.json   sends one message, and prints the status and the headers of the answer
//
// The request has `subscription`, `keys`, `text` and `options` (see web-push).

const { readFileSync } = require("node:fs");
const webPush = require("web-push");

async function send({ subscription, keys, text, options }) {
  const vapidDetails = { subject: "mailto:push@app.example", ...keys };
  try {
    return await webPush.sendNotification(subscription, text, { vapidDetails, ...options });
  } catch (error) {
    if (error.statusCode === undefined) throw error;
    return error;
  }
}

async function main() {
  if (process.argv[2] === "keys") return webPush.generateVAPIDKeys();
  const { statusCode, headers } = await send(JSON.parse(readFileSync(0, "utf8")));
  return { status: statusCode, headers };
}

main().then((result) => console.log(JSON.stringify(result)));
