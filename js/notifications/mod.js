// Notifications: the interfaces, and what registrations, events and the host ask for.

export { createNotification, Notification, receiveNotificationNews } from "ext:sw_notifications/notification.js";
export { NotificationEvent } from "ext:sw_notifications/notification_event.js";
export { getNotifications, showNotification } from "ext:sw_notifications/registration_notifications.js";
