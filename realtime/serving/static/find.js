// Return the first element that a selector names.
export const find = (selector, within = document) => within.querySelector(selector);
