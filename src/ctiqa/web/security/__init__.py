"""Who may do what: logins, sessions, tokens, and forms that other sites forge.

Routes take ``Depends(viewer)`` or ``Depends(reviewer)`` from :mod:`ctiqa.web.security.viewer`, and
``Depends(checked_form)`` from :mod:`ctiqa.web.security.forms`.
"""
