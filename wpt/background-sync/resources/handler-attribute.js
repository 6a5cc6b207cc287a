// As worker.js, and tells of each periodic sync that its event handler attribute hears.

importScripts("worker.js");

self.onperiodicsync = ({ tag }) => tell({ type: "heard", tag });
