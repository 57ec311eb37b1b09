// Takes the one-use code from the end of the address, where no server and no log sees it, and signs in with it.

const code = location.hash.slice(1);
if (code) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("code").value = code;
  document.getElementById("sign-in").submit();
}
