/* On a narrow screen the tabs of the law pages scroll: show the one that is open. */
document.querySelector(".lp-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
