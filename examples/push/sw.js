// Shows every push message as a notification; a click on it opens the page that it is about.

self.addEventListener("push", (event) => {
  const news = event.data?.text() ?? "Something happened.";
  event.waitUntil(
    self.registration.showNotification("News", {
      body: news,
      tag: "news",
      data: { url: "/news" },
      actions: [{ action: "later", title: "Later" }],
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  if (event.action === "later") return;
  event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
